"""The base of every table: one naming convention for constraints, set before the first table is made."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

CONVENTION = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """A stored row; rows never leave the store that reads them."""

    metadata = MetaData(naming_convention=CONVENTION)
