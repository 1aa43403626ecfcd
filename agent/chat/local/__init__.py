"""Answering without a model: a question is read for what it names and asks, sent to a tool, and told in its words.

Promises: an answer is the tool's and so rests on the record; a reading that is not certain is marked; where nothing fits, the
answer is that it is not known.
"""
