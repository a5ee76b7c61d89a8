"""Rows about the database itself."""

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field

from hub.storage.metadata import Row


class KeyCheckRow(Row, table=True):
    """The check value of a secret key under which something in this database was written."""

    __tablename__ = "key_check"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    value: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
