"""California Housing: the median house value of 20,433 districts of the 1990 census, from eight measurements.

The variant `handson-ml2-complete-rows` comes from the CSV of Géron's book, which carries totals where scikit-learn's edition
carries averages a household; the eight columns of that edition are derived here:

    MedInc, HouseAge, AveRooms, AveBedrms, Population, AveOccup, Latitude, Longitude

207 of the 20,640 rows lack `total_bedrooms` in this CSV. They are dropped, hence "complete rows": figures measured on this
variant are not figures of scikit-learn's. `ocean_proximity` is not used. The target is in units of 100,000 USD, capped at 5.00001
by the source.

Source: R. K. Pace and R. Barry, "Sparse spatial autoregressions" (1997); A. Géron, handson-ml2.
"""

import csv
from collections.abc import Mapping

import numpy as np

from catedra.datasets.data_set import Content, DataSet, File
from catedra.datasets.draw import Draw
from catedra.datasets.errors import FormatError
from catedra.datasets.partition import Parts, divide
from catedra.datasets.split import Part
from catedra.datasets.stand_in import StandIn

COLUMNS = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")
ROWS, INCOMPLETE = 20_640, 207

_COMMIT = "1e2115277b50f6c584cd668fa30e3af309a5b136"
_HEADER = [
    "longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms",
    "population", "households", "median_income", "median_house_value", "ocean_proximity",
]  # fmt: skip

CSV = File(
    "housing.csv", 1_423_529, "8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e",
    f"https://raw.githubusercontent.com/ageron/handson-ml2/{_COMMIT}/datasets/housing/housing.csv",
)  # fmt: skip


def parse(text: str) -> Part:
    """The complete rows of the CSV: x (N, 8) with the columns `COLUMNS`, y (N,) in units of 100,000 USD.

    Raises:
        FormatError: the header isn't the expected one, or a value isn't a number.
    """
    header, *rows = csv.reader(text.splitlines())
    if header != _HEADER:
        raise FormatError(f"{CSV.name}: se esperaban las columnas {', '.join(_HEADER)} y vinieron {', '.join(header)}.")
    may_lack = _HEADER.index("total_bedrooms")
    try:
        table = np.array([row[:9] for row in rows if row[may_lack]], dtype=np.float64)
    except (ValueError, IndexError) as error:
        raise FormatError(f"{CSV.name}: una fila no tiene nueve números: {error}.") from error
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = table.T
    averages = (rooms / households, bedrooms / households, population, population / households)
    return Part(np.stack([income, age, *averages, latitude, longitude], axis=1), value / 100_000)


def read(files: Mapping[str, bytes]) -> Content:
    """Parse the CSV and count its complete rows."""
    pool = parse(files[CSV.name].decode("ascii"))
    if len(pool.y) != ROWS - INCOMPLETE:
        raise FormatError(f"{CSV.name}: se esperaban {ROWS - INCOMPLETE} filas completas y hay {len(pool.y)}.")

    def parts(draw: Draw) -> Parts:
        return divide(pool, draw, stratify=False)

    return Content(parts)


DATA_SET = DataSet(
    name="california_housing",
    variant="handson-ml2-complete-rows",
    summary="el valor mediano de las casas en 20.433 distritos de California (1990), con ocho medidas de cada uno",
    licence="Apache-2.0, del repositorio handson-ml2 de A. Géron",
    source="https://github.com/ageron/handson-ml2",
    files=(CSV,),
    read=read,
    stand_in=StandIn(
        example=(8,),
        dtype="float64",
        low=(0.5, 1, 1, 0.5, 3, 1, 32.5, -124.4),  # the real columns' ranges, without the tails of the averages
        high=(15, 52, 12, 2, 6000, 6, 42, -114.3),
        target=(0.15, 5.0),
    ),
)
