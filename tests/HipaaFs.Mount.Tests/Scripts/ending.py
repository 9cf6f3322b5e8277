"""How a program that writes until its mount goes away tells that end from a failure."""

import errno
import os
import sys


def run_until_killed(run, mark):
    """Runs work that never ends by itself.

    MARK is a file that is made before the daemon is killed: from then on every error is the end that was wanted. Before it, any error is a failure.
    """
    try:
        run()
    except OSError as error:
        if not os.path.exists(mark) and error.errno not in (errno.ENOTCONN, errno.ECONNABORTED):
            sys.exit(f"failed while the daemon ran: {error}")
        print("ended:", error)
