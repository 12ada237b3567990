"""SCIM 2.0 (RFC 7643, RFC 7644): a company's directory keeps its people and groups here (docs/scim.md).

A door like the page of people: it reads what a directory sends, calls the services of `people` and `accounts.granting`,
and shows the result. There is no table of its own: a person is an account, a group is one of Django's.
"""
