import sys

from ledger.transparency.witness.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
