"""What may be asked: GraphQL types, the read compiler, access, the web app."""
