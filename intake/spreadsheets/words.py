"""The words of headers in English, French, German, Spanish, Italian, Portuguese and Dutch, without accents."""

import re
import unicodedata

# Words that name a duration, the most likely first.
DURATION = (
    "duration timespent spent minutes minute mins min hours hour hrs hr time worktime worked logged elapsed tracked"
    " effort worklog seconds secs dauer aufwand zeitaufwand arbeitszeit bearbeitungszeit arbeitsaufwand minuten"
    " stunden std arbeitsstunden iststunden gesamtstunden projektzeit istzeit netzeit nettozeit zeit sekunden duree"
    " heures heure temps secondes minutos duracion horas tiempo segundos durata ore minuti tempo secondi duracao duur"
    " uren tijd tijdsduur tijdsbesteding bestede gewerkt seconden millis milliseconds total days tage jours dias"
    " giorni dagen hs ms ist actual actuals"
)
CATEGORY = (
    "category categories categorization kind type group area department team process topic kategorie kategorien"
    " bereich typ gruppe abteilung prozess thema art categorie categories domaine groupe service processus"
    " categoria categorias tipo grupo area departamento proceso processo gruppo reparto equipo soort groep afdeling"
    " rubriek rubrik sachgebiet"
)
# The columns that may say what was done, best first; a note stands behind a task unless it is filled as often.
SUBJECT = "subject summary title text what betreff titel objet titre asunto titulo oggetto titolo onderwerp assunto"
DESCRIPTION = (
    "description entry details detail beschreibung descripcion descrizione descricao omschrijving designation"
    " libelle intitule leistung leistungsbeschreibung tatigkeitsbeschreibung bezeichnung buchungstext"
)
NOTE = (
    "notes note comment comments memo remark remarks kommentar bemerkung bemerkungen notiz notizen anmerkung"
    " commentaire commentaires remarque comentario comentarios nota notas commento commenti opmerking opmerkingen"
    " notitie observacao observacoes observaciones"
)
TASK = (
    "task tasks activity activities action step job work issue item aufgabe aufgaben tatigkeit tatigkeiten aktivitat"
    " vorgang arbeit arbeitsschritt schritt arbeitspaket tache taches activite activites action etape travail"
    " tarea tareas actividad actividades trabajo paso attivita compito lavoro fase tarefa tarefas atividade"
    " atividades trabalho taak taken activiteit activiteiten werkzaamheden werkzaamheid handeling stap ticket event"
    " ereignis name"
)
PROJECT = "project projects projekt projekte projet projets proyecto progetto projeto"
CLIENT = "client customer account kunde kundin cliente klant mandant"
PERSON = (
    "user users member employee person people resource worker author assignee username agent consultant owner"
    " mitarbeiter mitarbeiterin benutzer bearbeiter nutzer autor utilisateur employe collaborateur salarie auteur"
    " usuario empleado utente dipendente collaboratore autore colaborador funcionario gebruiker medewerker who"
    " fullname performer operator personne persona pessoa persoon"
)
CASE = "case caseid trace ticket issue vorgangsnummer fall dossier caso pratica processo zaak key"
DATE = "date day datum tag jour fecha dia data giorno dag workdate spentdate when buchungsdatum timestamp logged"
START = (
    "start starts starttime startdate startdatetime begin begins beginning began beginn beginnt started from von ab"
    " anfang arbeitsbeginn dienstbeginn startzeit startdatum anfangszeit debut du commence"
    " de desde inicio comienzo inizio dalle dal da partir"
    " van vanaf aanvang begintijd begindatum starttijd kommen arrivee entrada entrata ingresso checkin clockin"
)
END = (
    "end ends ended endtime enddate enddatetime stop stopped stops finish finished finishes to until till complete"
    " completed completion bis ende endet arbeitsende dienstende endzeit enddatum stopp"
    " fin au jusqu hasta fim fine alle al ate termine"
    " termino tot einde eind eindtijd einddatum gehen depart salida uscita saida checkout clockout"
)
COUNT = (
    "quantity qty count times occurrences frequency volume repetitions executions anzahl menge haufigkeit stuckzahl"
    " nombre quantite frequence cantidad frecuencia veces quantita frequenza volte quantidade frequencia vezes aantal"
    " frequentie keer"
)
BREAK = (
    "break breaks pause pausen pausenzeit pausa pausas pauses pauze pauzes intervalo unterbrechung lunch interruption"
)
MONEY = (
    "rate rates amount cost costs price fee fees money currency usd eur gbp chf salary wage revenue invoice budgeted"
    " betrag satz kosten preis gehalt lohn wahrung montant tarif taux cout prix salaire importe tarifa coste costo"
    " precio tasso prezzo importo costi preco valor custo taxa tarief bedrag prijs loon amt pay"
)
# A column with such a name holds no duration that was worked, or only a part of it.
PLANNED = (
    "planned plan estimate estimated estimation budget target original remaining forecast scheduled soll sollzeit"
    " sollstunden geplant geplante plan schatzung geschatzt geschatzte restaufwand rest prevu prevue prevues estime"
    " estimee restant estimado estimada previsto prevista planificado planificada restante previste stimato stimata"
    " planejado planejada estimativa gepland geplande geschat geschatte resterend resterende left"
)
PARTIAL = (
    "billable billed rounded invoiced chargeable overtime nonbillable fakturierbar abrechenbar abrechenbare"
    " verrechenbar facturable facturables facture facturado facturable fatturabile fatturabili faturavel"
    " factureerbaar declarabel declarabele gerundet arrondi redondeado arrotondato arredondado afgerond"
    " uberstunden supplementaires travel reisezeit"
)
AVERAGE = (
    "average averages avg mean median durchschnitt durchschnittlich durchschnittliche"
    " mittel mittelwert moyen moyenne promedio medio media gemiddelde"
)
AGGREGATE = "aggregate aggregated cumulative cumulated cumul kumuliert running children subtasks"
OF_CLOCK = (
    "start end begin begins beginning began beginn finish finished date due created updated modified stamp timestamp"
    " zone at until from uhrzeit startzeit endzeit reported utc response sla age deadline"
)
ALL_DAY = (
    "all day event|allday|all day|ganztagiges ereignis|ganztagig|ganztagiger termin|journee entiere|todo el dia"
    "|tutto il giorno|giornata intera|dia inteiro|o dia todo|duurt hele dag|hele dag|gebeurtenis hele dag"
)
TOTAL = (
    "average|avg|mean|median|durchschnitt|mittelwert|moyenne|promedio|media|gemiddelde|mittel"
    "|total|totals|sum|sums|grand total|overall|overall total|gesamt|summe|gesamtsumme|endsumme|insgesamt|total general"
    "|totaux|somme|total geral|suma|totale|totale generale|totali|somma|totaal|eindtotaal|totaal generaal"
    "|subtotal|sub total|subtotals|zwischensumme|teilsumme|sous total|subtotale|parziale|subtotaal|tussentotaal"
    "|soustotal|total hours|total time|total duration|gesamtstunden|gesamtzeit|gesamtdauer|total heures|total horas"
    "|totale ore|totaal uren|razem|suma czesciowa|celkem|osszesen|summa|yhteensa|i alt|sammanlagt|toplam|itogo"
    "|итого|всего|σ|∑|total general|total minutes|sum total|column total|page total|carried forward|ubertrag"
)


def word_set(words: str) -> frozenset[str]:
    """Return the words of a list, each also as it is written where umlauts are typed as two letters."""
    plain = words.split()
    return frozenset(plain) | frozenset(map(transliterated, plain))


def transliterated(word: str) -> str:
    """Return a German word without umlauts as it is written with two letters for each: `tatigkeit` → `taetigkeit`."""
    return UMLAUTS.get(word, word)


UMLAUTS = {
    "tatigkeit": "taetigkeit",
    "tatigkeiten": "taetigkeiten",
    "tatigkeitsbeschreibung": "taetigkeitsbeschreibung",
    "aktivitat": "aktivitaet",
    "uberstunden": "ueberstunden",
    "wahrung": "waehrung",
    "schatzung": "schaetzung",
    "geschatzt": "geschaetzt",
    "geschatzte": "geschaetzte",
    "ubertrag": "uebertrag",
}


def words_of(header: str) -> list[str]:
    """Return the header's words in lower case, without accents and punctuation; `camelCase` is two words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return re.findall(r"[^\W_]+", without_accents(split.casefold()))


def without_accents(text: str) -> str:
    """Return the text without accents; letters that are no Latin ones stay as they are."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
