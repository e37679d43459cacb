"""Asks the edge from where it runs; arguments: its address and name, the authority, a token, a path, seconds, a body.

Prints a line of JSON an answer: status, and body where there is one. A fault of the connection is status 0.
"""

import json
import ssl
import sys
import time

import httpx


def main() -> None:
    address, name, ca, token, path, seconds, body = sys.argv[1:]
    until = time.monotonic() + float(seconds)
    headers = {"host": name, "authorization": f"Bearer {token}"}
    context = ssl.create_default_context(cafile=ca)
    with httpx.Client(verify=context, trust_env=False, timeout=30, headers=headers) as client:
        while True:
            try:
                answer = client.request(
                    "POST" if body else "GET",
                    f"https://{address}:8443{path}",
                    json=json.loads(body) if body else None,
                    extensions={"sni_hostname": name},
                )
                print(json.dumps([answer.status_code, answer.json() if answer.content else None]), flush=True)
            except (httpx.HTTPError, ValueError) as error:
                print(json.dumps([0, repr(error)]), flush=True)
            if time.monotonic() >= until:
                return


if __name__ == "__main__":
    main()
