"""The REST interface: thin views over the same services that the pages, the commands and the consumers call."""
