"""The door: HTTP and WebSocket, callers and their scope, errors."""
