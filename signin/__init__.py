"""Signing in: with name and password, at a company's OpenID provider, and with a second factor.

django-allauth does the protocols: OpenID Connect, second factors, passkeys. Everything else is here or in `accounts`:
the addresses that exist (`signin/urls.py` names each, and includes none of allauth's lists), who gets an account and
which roles, how attempts are counted, and how the pages look.
"""
