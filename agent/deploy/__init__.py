"""What runs the loop on a machine: a unit for systemd."""
