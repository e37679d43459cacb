import subprocess
import sys

PROGRAM = """
import pulumi
from pulumi.runtime import settings

from infra.debug_log import keep_secrets_out_of_the_log


class Engine:
    def Log(self, request):
        print(request.message)


settings.configure(settings.Settings(engine=Engine(), project="rialto", stack="test"))
keep_secrets_out_of_the_log()
pulumi.log.debug("a secret")
pulumi.log.info("a word")
"""


def test_debug_messages_stay_here_and_others_go_to_the_engine():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)

    assert done.stdout == "a word\n", done.stderr
