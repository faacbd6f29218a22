"""What the README and the issues promise to a user, done as a user does it."""
