"""The units of durations: their names in several languages, and their lengths."""

from intake.spreadsheets.phrases import Phrase, gettext_noop

# A working day has eight hours, a working week five days.
MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 8 * 3_600_000, "w": 40 * 3_600_000}
# A spreadsheet stores a duration as a fraction of a day of 24 hours.
DAY_MILLISECONDS = 24 * 3_600_000
SPELLINGS = {
    "ms": "ms msec msecs milli millis millisecond milliseconds millisekunde millisekunden",
    "s": "s sec secs second seconds sek sekunde sekunden seconde secondes seconden segundo segundos secondi seg",
    "min": "m min mins mn minute minutes minuten minuto minutos minuti minuut",
    "h": "h hr hrs hs hour hours std stdn stunde stunden heure heures hora horas ora ore uur uren u",
    "d": "d day days tag tage tagen jour jours j dia dias giorno giorni dag dagen pt mt pd",
    "w": "w wk wks week weeks woche wochen semaine semaines sem semana semanas settimana settimane weken wo",
}
UNITS: dict[str, str] = {word: unit for unit, words in SPELLINGS.items() for word in words.split()}
# What a number without a unit may mean: a unit, hours and minutes with a dot between them, a fraction of a day.
DOTTED, JOINED, DAY = "h.mm", "hhmm", "day"
TITLES = {
    "ms": Phrase(gettext_noop("milliseconds")),
    "s": Phrase(gettext_noop("seconds")),
    "min": Phrase(gettext_noop("minutes")),
    "h": Phrase(gettext_noop("hours")),
    "d": Phrase(gettext_noop("working days of 8 hours")),
    "w": Phrase(gettext_noop("working weeks of 40 hours")),
    DOTTED: Phrase(gettext_noop("hours and minutes: 9.15 is 9 h 15 min")),
    JOINED: Phrase(gettext_noop("hours and minutes: 0130 is 1 h 30 min")),
    DAY: Phrase(gettext_noop("fractions of a day of 24 hours")),
}
