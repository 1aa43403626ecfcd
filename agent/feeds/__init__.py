"""Bars from outside: exchanges over ccxt, databases over the PostgreSQL wire, and the window that keeps them."""
