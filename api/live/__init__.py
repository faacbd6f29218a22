"""The live feed: who watches which scope, and what they are sent."""
