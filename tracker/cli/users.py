"""`milepost user …`: the people whom this installation itself knows; `demo`: whom anyone may be."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tracker.cli.shared import as_owner_do

group = typer.Typer(
    help="People who sign in here by name and password, and what they may do where.",
    no_args_is_help=True,
)
Login = Annotated[str, typer.Argument(metavar="NAME", help="What they type at sign-in: anna.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        "-r",
        metavar="ROLE@PLACE",
        help="dispatcher@FSD, auditor@*, contractor@FEHD/WASTE-1; may be given several times."
        " Roles: dispatcher, manager, administrator, engineer, contractor, auditor; of the whole"
        " government (@*): platform, steering.",
    ),
]


@group.command()
def add(
    name: Login,
    role: Roles,
    label: Annotated[str, typer.Option("--name", help="Their name, for others to read.")] = "",
) -> None:
    """Register a person. The password is asked for, or read from a pipe: its first line.

    Example: milepost user add anna --name "Anna Chan" --role dispatcher@FSD
    """
    from tracker.people import add_user

    password = _password()
    as_owner_do(
        lambda connection: add_user(
            connection, login=name, name=label, password=password, roles=role
        )
    )
    typer.echo(f"user {name} may sign in.")


@group.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False) -> None:
    """List people, their roles now, and when they were disabled."""
    from tracker.cli.registry import lister

    lister("user")(as_json)


@group.command()
def password(name: Login) -> None:
    """Set another password; wherever they are signed in, they are out."""
    from tracker.people import set_password

    new = _password()
    as_owner_do(lambda connection: set_password(connection, name, new))
    typer.echo(f"user {name} has a new password.")


@group.command()
def disable(name: Login) -> None:
    """Let a person in no more; who is signed in is out. What they did stays theirs."""
    from tracker.people import disable as end

    as_owner_do(lambda connection: end(connection, name))
    typer.echo(f"user {name} is disabled.")


@group.command()
def grant(name: Login, role: Roles) -> None:
    """Give a person more roles, from now on."""
    from tracker.people import give

    as_owner_do(lambda connection: give(connection, name, role))
    typer.echo(f"user {name} has {', '.join(role)}.")


@group.command()
def revoke(name: Login, role: Roles) -> None:
    """End roles of a person, now. That they had them stays known."""
    from tracker.people import take

    as_owner_do(lambda connection: take(connection, name, role))
    typer.echo(f"user {name} no longer has {', '.join(role)}.")


def demo() -> None:
    """Say whom anyone may be in the demonstration: it has no passwords."""
    from tracker.install import is_demo
    from tracker.listing import listed
    from tracker.permissions import ROLES

    if not as_owner_do(is_demo):
        typer.echo("This is no demonstration: scripts/demo starts one.", err=True)
        raise typer.Exit(1)
    refs = [
        row["department"]
        for row in as_owner_do(lambda connection: listed(connection, "department"))
    ]
    typer.echo(f"Departments: {' '.join(refs)}, or * for all of them.")
    typer.echo(f"Roles: {' '.join(role for role in ROLES if role != 'contractor')}.")
    typer.echo(
        "At the console choose a department; as a program, with a role, for its cookie:\n\n"
        "  curl -c jar -H 'Content-Type: application/json'"
        ' -d \'{"department": "*", "role": "steering"}\' ADDRESS/v1/session\n'
    )


def _password() -> str:
    """Asked twice of a person, once of a pipe; never an argument, which every process can read."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
