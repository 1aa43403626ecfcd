"""What outcomes change: whom to believe, what each regime pays, and the adaptive parameters."""
