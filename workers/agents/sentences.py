"""Split a request into sentences, and decide which sentences are requirements and which are open points.

A sentence can be both, or neither. English, French, German, Spanish, Italian, Portuguese and Dutch wording is
recognised, each by a short list of words. A word that is a common one of another of these languages, such as the Dutch
`wil` or the French `note`, is in no list.
"""

import re
import unicodedata

# The dot after one of these words does not end a sentence. `z.b` and `d.h` are German.
ABBREVIATIONS = "e.g i.e etc mr mrs ms dr prof approx ca vs no nr fig incl excl z.b d.h"
# A sentence that begins with one of these verbs is a requirement, also if lead-in words stand before the verb.
IMPERATIVES = (
    "add allow analyse analyze audit automate avoid build calculate change check collect compare compute create cut"
    " define deliver describe design determine develop document ensure estimate evaluate export find fix generate"
    " give identify implement import improve include integrate investigate keep let list look make measure migrate"
    " move notify prepare prevent produce propose provide reduce remove replace report review send shorten show"
    " store suggest summarise summarize support test tell track update use validate verify write"
)
# The same in other languages, without accents: the imperative, and the infinitive that lists of tasks begin with.
OTHER_IMPERATIVES = (
    # French: polite imperative and infinitive.
    "ajoutez ajouter analysez analyser automatisez automatiser calculez calculer cherchez chercher comparez comparer"
    " comptez compter concevez concevoir corrigez corriger creez creer decrivez decrire developpez developper evaluez"
    " evaluer evitez eviter expliquez expliquer faites fournissez fournir identifiez identifier indiquez indiquer"
    " listez lister mesurez mesurer montrez montrer preparez preparer proposez proposer reduisez reduire supprimez"
    " supprimer testez tester trouvez trouver verifiez verifier"
    # German: the imperative of `du` where it is no other word, and of `Sie`, which is the infinitive.
    " analysiere analysieren automatisiere automatisieren berechne berechnen beschreibe beschreiben bestimme bestimmen"
    " bewerte bewerten entwickle entwickeln ermittle ermitteln erstelle erstellen finde finden liste listen"
    " messen nenne nennen prufe prufen pruefe pruefen reduziere reduzieren schlage schlagen sende senden teste testen"
    " untersuche untersuchen vergleiche vergleichen vermeide vermeiden verringere verringern zahle zahlen zeige zeigen"
    # Spanish.
    " agregue agregar analice analizar anada anadir automatice automatizar busque buscar calcule calcular compare"
    " comparar cree crear describa describir desarrolle desarrollar elimine eliminar encuentre encontrar evalue evaluar"
    " evite evitar identifique identificar mida medir muestre mostrar prepare preparar proponga proponer reduzca"
    " reducir verifique verificar"
    # Italian.
    " aggiungi aggiungere analizza analizzare automatizza automatizzare calcola calcolare cerca cercare confronta"
    " confrontare crea creare descrivi descrivere elimina eliminare evita evitare identifica identificare individua"
    " individuare mostra mostrare misura misurare prepara preparare proponi proporre riduci ridurre sviluppa sviluppare"
    " trova trovare valuta valutare verifica verificare"
    # Portuguese.
    " adicione adicionar analise analisar automatize automatizar avalie avaliar comparar crie criar descreva"
    " descrever desenvolva desenvolver elimine encontre identifique mostre mostrar meca proponha propor reduza reduzir"
    " verifique"
    # Dutch: imperative and infinitive.
    " analyseer analyseren automatiseer automatiseren bepaal bepalen bereken berekenen beschrijf beschrijven beoordeel"
    " controleer controleren maak ontwikkel ontwikkelen onderzoek onderzoeken stel toon tonen vergelijk"
    " vergelijken verminder verminderen vermijd voorkom zoek zoeken"
)
LEAD_INS = (
    "please also then and veuillez merci de svp aussi puis et bitte auch dann und por favor tambien luego y per favore"
    " anche poi e tambem depois alsjeblieft graag ook dan en"
)
# Alternatives of a regular expression: a sentence that has one of these anywhere is a requirement.
MODAL_VERBS = (
    "must|shall|should|needs?|has to|have to|requires?|required|wants?|expects?|ought to|will|would like|may not|cannot"
)
# The same in other languages, without accents. The conditional and the plural are there, because requests use them.
OTHER_MODAL_VERBS = (
    r"doit|doivent|devons|devra|devront|devrait|devraient|il faut|faudra|faudrait|voulons|voudrais|voudrions|souhaitons"
    r"|souhaite|souhaiterions|avons besoin|ai besoin|exige"
    r"|muss|mussen|muessen|soll|sollen|sollte|sollten|mochte|mochten|moechten|brauchen|braucht|benotigen|benotigt"
    r"|wunschen|erwarten|darf nicht|durfen nicht"
    r"|debe|deben|debemos|debera|deberan|deberia|deberian|hay que|tiene que|tienen que|necesitamos|necesito|queremos"
    r"|quiero"
    r"|deve|devono|dobbiamo|dovra|dovranno|dovrebbe|dovrebbero|bisogna|occorre|vogliamo|vorrei|vorremmo|abbiamo bisogno"
    r"|devem|devemos|devera|deverao|deveria|deveriam|precisamos|eu preciso|tem de|tem que|gostaria|gostariamos"
    r"|moet|moeten|willen|wil graag|nodig|verwachten|mag niet|mogen niet"
)
# Alternatives of a regular expression: a sentence that has one of these, or a question mark, is an open point.
UNDECIDED = (
    "tbd|tbc|tba|unclear|not (?:yet )?(?:decided|clear)|open (?:point|question|issue)"
    "|to be (?:decided|defined|determined|confirmed|clarified|discussed)"
    "|a (?:definir|determiner|confirmer|preciser|decider)|pas (?:encore )?(?:decide|clair|defini)"
    "|noch (?:offen|unklar|zu klaren)|unklar|por (?:definir|confirmar|decidir)|da (?:definire|decidere|confermare)"
    "|a definir|a confirmar|nog (?:te bepalen|onduidelijk|niet besloten)"
)

MODAL = re.compile(rf"\b(?:{MODAL_VERBS}|{OTHER_MODAL_VERBS})\b", re.IGNORECASE)
FIRST_VERBS = frozenset(IMPERATIVES.split() + OTHER_IMPERATIVES.split())
OPEN_POINT = re.compile(rf"\b(?:{UNDECIDED})\b|\?", re.IGNORECASE)
# The mark at the beginning of a line in a list: "- ", "* ", "1. ", "(2) " or "a) ".
BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.)]|[a-z]\))\s+")
# The possessive `++` and `*+` and the look-behind keep the time linear: a text of only dots is read once.
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+\s+")
# Only this many characters before a dot are examined, so that a long line does not take long. The longest abbreviation
# has 6, and brackets may stand before it.
MOST_BEFORE_DOT = 12


def sentences_of(text: str) -> list[str]:
    """Return the text's sentences that have a letter or digit, without list marks; a line break ends a sentence."""
    sentences: list[str] = []
    for line in text.splitlines():
        sentences.extend(sentences_in_line(BULLET.sub("", line).strip()))
    return [sentence for sentence in sentences if any(character.isalnum() for character in sentence)]


def sentences_in_line(line: str) -> list[str]:
    """Return the sentences of one line; the last may be empty."""
    sentences, start = [], 0
    for mark in SENTENCE_END.finditer(line):
        if not ends_with_abbreviation(line[max(start, mark.start() - MOST_BEFORE_DOT) : mark.start()]):
            sentences.append(line[start : mark.end()].strip())
            start = mark.end()
    return [*sentences, line[start:].strip()]


def ends_with_abbreviation(text_before_dot: str) -> bool:
    """Return True if the last word is one of ABBREVIATIONS, so that the dot after it ends no sentence."""
    words = text_before_dot.split()
    return bool(words) and words[-1].strip("(").casefold() in ABBREVIATIONS.split()


def is_requirement(sentence: str) -> bool:
    """Return True if the sentence has a verb such as "must", or begins with an imperative such as "show".

    Words of LEAD_INS may stand before the imperative.
    """
    text = without_accents(sentence)
    words = re.findall(r"[a-z]+", text)
    lead_ins = LEAD_INS.split()
    first_word = next((word for word in words if word not in lead_ins), "")
    return first_word in FIRST_VERBS or bool(MODAL.search(text))


def is_open_point(sentence: str) -> bool:
    """Return True if the sentence is a question, or says that something is undecided."""
    return bool(OPEN_POINT.search(without_accents(sentence)))


def without_accents(sentence: str) -> str:
    """Return the sentence in lower case and without accents, as the word lists are written."""
    decomposed = unicodedata.normalize("NFD", sentence.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
