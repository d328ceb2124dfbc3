"""How fast an endpoint serves: what is sent when, what came back when, and what follows from it. Knows no board."""
