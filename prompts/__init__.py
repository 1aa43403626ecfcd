"""Every word that is sent to a model, as files whose content hash is their version.

The arithmetic reasoner sends none, so this version has no prompt.
"""
