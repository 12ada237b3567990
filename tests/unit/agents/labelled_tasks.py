"""Texts of known tasks in seven languages, as people write them: with numbers, dates, names and misspellings."""

import random
from collections import Counter, defaultdict

from workers.agents.analysis.shapes import shape_of
from workers.agents.recurrence import Recurrence

TASKS = (
    """
check invoice {n} {name}|approve travel expense of {name}|prepare payment run {date}|reconcile bank statement {date}
call with {name} about delivery|answer customer request {n}|update contract of client {name}|archive order {n}
update contact of client {name}|send reminder for invoice {n}|import orders from shop|export orders to shop
write weekly report|write monthly report|interview with {name}|measure stock in hall {n}|correct payslip of {name}
Rechnung {n} {name} prüfen|Reisekosten von {name} freigeben|Zahlungslauf vorbereiten {date}|Auftrag {n} Montage
Telefonat mit {name} wegen Lieferung|Kundenanfrage {n} beantworten|Vertrag von Kunde {name} anpassen
Auftrag {n} Demontage|Bericht Umsatz erstellen|Bericht Kosten erstellen|Bericht Personal erstellen
Wochenbericht schreiben|Monatsbericht schreiben|Ersatzteile bestellen für Maschine {n}|Mahnung zu Rechnung {n} senden
vérifier la facture {n} {name}|valider les frais de {name}|préparer le paiement {date}|saisir les commandes
appel avec {name} pour la livraison|répondre à la demande {n}|archiver la commande {n}|clôturer les comptes {date}
revisar la factura {n} {name}|aprobar los gastos de {name}|preparar el pago {date}|archivar el pedido {n}
llamada con {name} sobre la entrega|responder a la solicitud {n}|conciliar el extracto bancario {date}
controllare la fattura {n} {name}|approvare le spese di {name}|preparare il pagamento {date}|riconciliare il conto
verificar a fatura {n} {name}|aprovar as despesas de {name}|ligar para {name} sobre a entrega|arquivar o pedido {n}
factuur {n} {name} controleren|reiskosten van {name} goedkeuren|gesprek met {name} over levering
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
LAST_NAMES = """
Müller Meier Schmidt Huber Wagner Becker Schulz Hoffmann Koch Bauer Richter Neumann Schwarz Braun Krüger Hartmann Lange
Dupont Martin Bernard Petit Moreau Laurent Rossi Russo Ferrari Bianchi Romano García Fernández González López Sánchez
Pérez Silva Santos Ferreira Pereira Oliveira Jansen Visser Smit Bakker Meijer Anna Clara Sofia Lucas Acme Globex Hooli
"""
NAMES = LAST_NAMES.split()
MONTHS = ["January", "March", "Juni", "avril", "mayo", "giugno", "outubro", "augustus"]


def labelled_texts(number: int, seed: int = 1) -> list[tuple[str, str]]:
    """So many (text, the task that it means)."""
    generator = random.Random(seed)
    return [(text_of(task, generator), task) for task in generator.choices(TASKS, k=number)]


def text_of(task: str, generator: random.Random) -> str:
    year, month, day = generator.randint(2020, 2026), generator.randint(1, 12), generator.randint(1, 28)
    dates = [f"{year}-{month:02}-{day:02}", f"{month:02}/{year}", f"Q{day % 4 + 1} {year}", generator.choice(MONTHS)]
    number = generator.choice(["", "#", "No. "]) + str(generator.randint(1000, 99999))
    text = task.format(n=number, name=generator.choice(NAMES), date=generator.choice(dates))
    if generator.random() < 0.03:
        text = misspelt(text, generator)
    return text[0].upper() + text[1:] + generator.choice(["!", "."]) if generator.random() < 0.1 else text


def misspelt(text: str, generator: random.Random) -> str:
    words = text.split()
    place = generator.randrange(len(words))
    word = words[place]
    if len(word) > 5 and word.islower():
        at = generator.randrange(1, len(word) - 1)
        words[place] = word[:at] + generator.choice([word[at + 1 :], word[at] + word[at:]])
    return " ".join(words)


def purity(found: Recurrence, texts: list[tuple[str, str]]) -> tuple[float, float]:
    """The share of the rows in a group of mostly their task, and of those in their task's largest group."""
    task_of, pure, largest = {shape_of(text): task for text, task in texts}, 0, defaultdict[str, Counter[int]](Counter)
    for number, group in enumerate(found.groups):
        counts = Counter[str]()
        for text in group.texts:
            counts[task_of[text.shape]] += text.count
            largest[task_of[text.shape]][number] += text.count
        pure += max(counts.values())
    return pure / len(texts), sum(max(counts.values()) for counts in largest.values()) / len(texts)
