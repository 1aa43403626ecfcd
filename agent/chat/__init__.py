"""The conversation: questions about a run answered from its record, with the ids they rest on.

Promises: reading changes nothing; every figure about the past comes from a record and names it; whatever would change something
is only prepared here and carried out after a person typed yes at a terminal; no text read or recalled can give that yes.
"""
