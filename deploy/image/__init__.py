"""What runs inside the container image besides the services: start, healthcheck, the throw-away issuer of a trial."""
