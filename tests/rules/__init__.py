"""Tables and properties of the pure core."""
