"""The API as an OpenAPI 3.1 document: what FastAPI knows of the routes, and what it does not."""
