"""Every word that is sent to a model, one file per prompt; the hash of a file's content is its version.

Promises: what never changes stands in the ``system`` block, data stands last, in the ``user`` block, inside a fence whose
marker the data cannot contain; a variable that is missing is an error and never an empty place; templates can reach
nothing but what they are given.
"""

from prompts.fence import Fence, fenced
from prompts.library import NAMES, Words, render, version
from prompts.sections import Section, Shown, fit, tokens

__all__ = ["NAMES", "Fence", "Section", "Shown", "Words", "fenced", "fit", "render", "tokens", "version"]
