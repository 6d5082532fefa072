"""Asks for a name and prints the server's greeting."""
import sys

import Pyro4

server = Pyro4.Proxy("PYRONAME:server")
name = sys.argv[1] if len(sys.argv) > 1 else input("What is your name? ").strip()
print(server.welcomeMessage(name))
