"""looop: a tiny, portable, Kubernetes-shaped control loop for a person's work."""

__version__ = "0.1.0"
