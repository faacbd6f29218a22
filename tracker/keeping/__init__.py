"""What is kept and what is not: retention, legal holds, private times."""
