"""`python -m interlock` is the command `interlock`."""

import sys

from interlock import main

if __name__ == "__main__":
    sys.argv[0] = "interlock"  # the name that help texts and the audit log show
    main()
