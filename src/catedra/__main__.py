"""`python -m catedra`: the command line."""

from catedra.cli import main

if __name__ == "__main__":
    main()
