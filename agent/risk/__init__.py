"""Size and limits as pure arithmetic: the last wall. Nothing here enlarges anything."""
