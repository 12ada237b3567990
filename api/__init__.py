"""The REST interface: thin views over the services that every other door calls."""
