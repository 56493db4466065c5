//! Layouts of delimited exports as banks of many countries lay them out, with rows made up here. Each must be
//! read with the days, amounts and other party given, or be refused where its layout leaves something open.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::money::Currency;
use finvault::statement::{ReadOptions, StatementErrorKind, read};

/// What must come of it: `day amount other-party` for each row, or nothing where it must be refused as unsure.
struct Layout {
    name: &'static str,
    currency: &'static str,
    text: &'static str,
    rows: &'static [&'static str],
}

const LAYOUTS: &[Layout] = &[
    Layout {
        name: "German giro account with lines above the header",
        currency: "",
        text: "\"Kontonummer:\";\"DE89370400440532013000 / Girokonto\";\n\n\"Von:\";\"01.01.2024\";\n\"Bis:\";\"31.01.2024\";\n\"Kontostand vom 31.01.2024:\";\"1.234,56 EUR\";\n\n\"Buchungstag\";\"Wertstellung\";\"Buchungstext\";\"Auftraggeber / Begünstigter\";\"Verwendungszweck\";\"Kontonummer\";\"BLZ\";\"Betrag (EUR)\";\"Gläubiger-ID\";\"Mandatsreferenz\";\"Kundenreferenz\";\n\"30.01.2024\";\"30.01.2024\";\"Lastschrift\";\"Example GmbH\";\"Rechnung 5\";\"DE02120300000000202051\";\"BYLADEM1001\";\"-1.036,99\";\"\";\"M5\";\"\";\n\"29.01.2024\";\"29.01.2024\";\"Gutschrift\";\"Landlord\";\"Kaution\";\"DE02500105170137075030\";\"X\";\"700,00\";\"\";\"\";\"\";\n",
        rows: &["2024-01-30 -1036.99 EUR Example GmbH", "2024-01-29 700.00 EUR Landlord"],
    },
    Layout {
        name: "German giro account, newer",
        currency: "",
        text: "\"Girokonto\";\"DE89370400440532013000\"\n\"\"\n\"Kontostand vom 31.01.2024:\";\"100,00 €\"\n\"\"\n\"Buchungsdatum\";\"Wertstellung\";\"Status\";\"Zahlungspflichtige*r\";\"Zahlungsempfänger*in\";\"Verwendungszweck\";\"Umsatztyp\";\"IBAN\";\"Betrag (€)\";\"Gläubiger-ID\";\"Mandatsreferenz\";\"Kundenreferenz\"\n\"30.01.24\";\"30.01.24\";\"Gebucht\";\"Owner\";\"Corner Cafe\";\"Kaffee\";\"Ausgang\";\"DE02120300000000202051\";\"-4,5\";\"\";\"\";\"\"\n\"29.01.24\";\"29.01.24\";\"Gebucht\";\"Example GmbH\";\"Owner\";\"Gehalt\";\"Eingang\";\"DE02500105170137075030\";\"2.000\";\"\";\"\";\"\"\n",
        rows: &["2024-01-30 -4.50 EUR Owner", "2024-01-29 2000.00 EUR Example GmbH"],
    },
    Layout {
        name: "German savings bank, camt layout",
        currency: "",
        text: "\"Auftragskonto\";\"Buchungstag\";\"Valutadatum\";\"Buchungstext\";\"Verwendungszweck\";\"Glaeubiger ID\";\"Mandatsreferenz\";\"Kundenreferenz (End-to-End)\";\"Sammlerreferenz\";\"Lastschrift Ursprungsbetrag\";\"Auslagenersatz Ruecklastschrift\";\"Beguenstigter/Zahlungspflichtiger\";\"Kontonummer/IBAN\";\"BIC (SWIFT-Code)\";\"Betrag\";\"Waehrung\";\"Info\"\n\"DE89370400440532013000\";\"30.01.24\";\"30.01.24\";\"FOLGELASTSCHRIFT\";\"Strom\";\"\";\"\";\"NOTPROVIDED\";\"\";\"\";\"\";\"Example GmbH\";\"DE02120300000000202051\";\"X\";\"-88,00\";\"EUR\";\"Umsatz gebucht\"\n",
        rows: &["2024-01-30 -88.00 EUR Example GmbH"],
    },
    Layout {
        name: "German cooperative bank",
        currency: "",
        text: "Bezeichnung Auftragskonto;IBAN Auftragskonto;BIC Auftragskonto;Bankname Auftragskonto;Buchungstag;Valutadatum;Name Zahlungsbeteiligter;IBAN Zahlungsbeteiligter;BIC (SWIFT-Code) Zahlungsbeteiligter;Buchungstext;Verwendungszweck;Betrag;Waehrung;Saldo nach Buchung;Bemerkung;Kategorie;Steuerrelevant;Glaeubiger ID;Mandatsreferenz\nGiro;DE89370400440532013000;X;Example Bank;30.01.2024;30.01.2024;Corner Cafe;DE02120300000000202051;Y;Kartenzahlung;Kaffee;-4,50;EUR;95,50;;;;;\nGiro;DE89370400440532013000;X;Example Bank;29.01.2024;29.01.2024;Example GmbH;DE02120300000000202051;Y;Gehalt;Januar;100,00;EUR;100,00;;;;;\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 100.00 EUR Example GmbH"],
    },
    Layout {
        name: "German direct bank with two currency columns",
        currency: "",
        text: "Umsatzanzeige;Datei erstellt am: 31.01.2024 10:00\n\nIBAN;DE89 3704 0044 0532 0130 00\nKontoname;Girokonto\nBank;Example\nSaldo;995,50;EUR\n\nSortierung;Datum absteigend\n\nBuchung;Wertstellungsdatum;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung\n30.01.2024;30.01.2024;Corner Cafe;Lastschrift;Kaffee;995,50;EUR;-4,50;EUR\n29.01.2024;29.01.2024;Example GmbH;Gehalt;Januar;1.000,00;EUR;1.000,00;EUR\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 1000.00 EUR Example GmbH"],
    },
    Layout {
        name: "German bank with debit and credit columns",
        currency: "",
        text: "Buchungstag;Wert;Umsatzart;Begünstigter / Auftraggeber;Verwendungszweck;IBAN;BIC;Kundenreferenz;Soll;Haben;Währung\n30.01.2024;30.01.2024;Lastschrift;Corner Cafe;Kaffee;DE02120300000000202051;X;;-4,50;;EUR\n29.01.2024;29.01.2024;Gehalt;Example GmbH;Januar;DE02120300000000202051;X;;;1.000,00;EUR\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 1000.00 EUR Example GmbH"],
    },
    Layout {
        name: "Swiss bank, debit and credit",
        currency: "",
        text: "Konto:;CH9300762011623852957\nWährung:;CHF\n\nBuchungsdatum;Avisierungstext;Gutschrift in CHF;Lastschrift in CHF;Valuta;Saldo in CHF\n2024-01-30;Corner Cafe;;4.50;2024-01-30;995.50\n2024-01-29;Example GmbH;1000.00;;2024-01-29;1000.00\n",
        rows: &["2024-01-30 -4.50 CHF Corner Cafe", "2024-01-29 1000.00 CHF Example GmbH"],
    },
    Layout {
        name: "Dutch bank, words for the direction",
        currency: "",
        text: "\"Datum\";\"Naam / Omschrijving\";\"Rekening\";\"Tegenrekening\";\"Code\";\"Af Bij\";\"Bedrag (EUR)\";\"Mutatiesoort\";\"Mededelingen\";\"Saldo na mutatie\";\"Tag\"\n\"20240130\";\"Corner Cafe\";\"NL91ABNA0417164300\";\"\";\"BA\";\"Af\";\"4,50\";\"Betaalautomaat\";\"Pas\";\"995,50\";\"\"\n\"20240129\";\"Example BV\";\"NL91ABNA0417164300\";\"NL20INGB0001234567\";\"OV\";\"Bij\";\"1000,00\";\"Overschrijving\";\"Loon\";\"1000,00\";\"\"\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 1000.00 EUR Example BV"],
    },
    Layout {
        name: "Belgian bank",
        currency: "",
        text: "Rekening;Boekingsdatum;Rekeninguittrekselnummer;Transactienummer;Rekening tegenpartij;Naam tegenpartij bevat;Straat en nummer;Postcode en plaats;Transactie;Valutadatum;Bedrag;Devies;BIC;Landcode;Mededelingen\nBE68 5390 0754 7034;30/01/2024;1;1;BE71 0961 2345 6769;Corner Cafe;;;Betaling;30/01/2024;-4,50;EUR;X;BE;koffie\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe"],
    },
    Layout {
        name: "French bank with quoted labels on two lines",
        currency: "EUR",
        text: "Téléchargement du 31/01/2024;\n\nSolde au 31/01/2024 100,00 €\n\nDate;Libellé;Débit euros;Crédit euros;\n30/01/2024;\"PAIEMENT PAR CARTE\nCORNER CAFE\";4,50;;\n29/01/2024;\"VIREMENT\nEXAMPLE SARL\";;1 000,00;\n",
        rows: &[
            "2024-01-30 -4.50 EUR PAIEMENT PAR CARTE CORNER CAFE",
            "2024-01-29 1000.00 EUR VIREMENT EXAMPLE SARL",
        ],
    },
    Layout {
        name: "French online bank",
        currency: "EUR",
        text: "dateOp;dateVal;label;category;categoryParent;supplierFound;amount;accountNum;accountLabel;accountbalance\n2024-01-30;2024-01-30;\"CARTE 29/01/24 CORNER CAFE\";Restaurants;Loisirs;cafe;-4,50;00012345678;Compte;95.5\n",
        rows: &["2024-01-30 -4.50 EUR CARTE 29/01/24 CORNER CAFE"],
    },
    Layout {
        name: "Spanish bank",
        currency: "",
        text: "F. VALOR;FECHA;CONCEPTO;IMPORTE;DIVISA;DISPONIBLE;DIVISA\n30/01/2024;30/01/2024;Corner Cafe;-4,50;EUR;95,50;EUR\n29/01/2024;29/01/2024;Nómina;1.000,00;EUR;100,00;EUR\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 1000.00 EUR Nómina"],
    },
    Layout {
        name: "Italian bank, dare and avere",
        currency: "",
        text: "Data contabile;Data valuta;Divisa;Dare;Avere;Descrizione operazione\n30/01/2024;30/01/2024;EUR;-4,50;;Corner Cafe\n29/01/2024;29/01/2024;EUR;;1.000,00;Stipendio\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 1000.00 EUR Stipendio"],
    },
    Layout {
        name: "Portuguese bank",
        currency: "EUR",
        text: "Data lançamento;Data valor;Descrição;Débito;Crédito;Saldo\n30-01-2024;30-01-2024;Corner Cafe;4,50;;95,50\n29-01-2024;29-01-2024;Ordenado;;100,00;100,00\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-29 100.00 EUR Ordenado"],
    },
    Layout {
        name: "Polish bank",
        currency: "",
        text: "Data operacji;Data księgowania;Opis operacji;Tytuł;Nadawca/Odbiorca;Numer konta;Kwota;Saldo po operacji;Waluta\n2024-01-30;2024-01-30;ZAKUP;Kawa;Corner Cafe;'12345678901234567890123456';-4,50;995,50;PLN\n2024-01-29;2024-01-29;PRZELEW;Pensja;Example Sp.;'22345678901234567890123456';1 000,00;1 000,00;PLN\n",
        rows: &["2024-01-30 -4.50 PLN Corner Cafe", "2024-01-29 1000.00 PLN Example Sp."],
    },
    Layout {
        name: "Czech bank",
        currency: "",
        text: "\"ID pohybu\";\"Datum\";\"Objem\";\"Měna\";\"Protiúčet\";\"Název protiúčtu\";\"Kód banky\";\"Název banky\";\"KS\";\"VS\";\"SS\";\"Zpráva pro příjemce\";\"Typ\"\n\"1\";\"30.01.2024\";\"-4,50\";\"CZK\";\"1/2\";\"Corner Cafe\";\"0100\";\"Banka\";\"\";\"\";\"\";\"káva\";\"Platba kartou\"\n",
        rows: &["2024-01-30 -4.50 CZK Corner Cafe"],
    },
    Layout {
        name: "Swedish bank",
        currency: "SEK",
        text: "Bokföringsdag;Belopp;Avsändare;Mottagare;Namn;Rubrik;Saldo;Valuta\n2024/01/30;-4,50;1;;;Corner Cafe;995,50;SEK\n2024/01/29;1000,00;;1;;Lön;1000,00;SEK\n",
        rows: &["2024-01-30 -4.50 SEK Corner Cafe", "2024-01-29 1000.00 SEK Lön"],
    },
    Layout {
        name: "Norwegian bank, in and out",
        currency: "NOK",
        text: "\"Dato\";\"Forklaring\";\"Rentedato\";\"Ut fra konto\";\"Inn på konto\"\n\"30.01.2024\";\"Corner Cafe\";\"30.01.2024\";\"45,00\";\"\"\n\"29.01.2024\";\"Lønn\";\"29.01.2024\";\"\";\"1.000,00\"\n",
        rows: &["2024-01-30 -45.00 NOK Corner Cafe", "2024-01-29 1000.00 NOK Lønn"],
    },
    Layout {
        name: "Danish bank",
        currency: "DKK",
        text: "\"Dato\";\"Tekst\";\"Beløb\";\"Saldo\";\"Status\";\"Afstemt\"\n\"30.01.2024\";\"Corner Cafe\";\"-45,00\";\"955,00\";\"Udført\";\"Nej\"\n",
        rows: &["2024-01-30 -45.00 DKK Corner Cafe"],
    },
    Layout {
        name: "Finnish bank",
        currency: "EUR",
        text: "Kirjauspäivä;Arvopäivä;Määrä EUROA;Laji;Selitys;Saaja/Maksaja;Saajan tilinumero;Viite;Viesti\n30.01.2024;30.01.2024;-4,50;162;PKORTTIMAKSU;Corner Cafe;;;kahvi\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe"],
    },
    Layout {
        name: "British bank, paid out and in, signs of pound",
        currency: "",
        text: "\"Account Name:\",\"Current 1234\"\n\"Account Balance:\",\"£995.50\"\n\"Available Balance: \",\"£995.50\"\n\n\"Date\",\"Transaction type\",\"Description\",\"Paid out\",\"Paid in\",\"Balance\"\n\"29 Jan 2024\",\"Bank credit\",\"Example Ltd\",\"\",\"£1000.00\",\"£1000.00\"\n\"30 Jan 2024\",\"Visa purchase\",\"Corner Cafe\",\"£4.50\",\"\",\"£995.50\"\n",
        rows: &["2024-01-29 1000.00 GBP Example Ltd", "2024-01-30 -4.50 GBP Corner Cafe"],
    },
    Layout {
        name: "British bank, debit amount and sort code",
        currency: "GBP",
        text: "Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,Debit Amount,Credit Amount,Balance,\n30/01/2024,DEB,'11-22-33,12345678,CORNER CAFE,4.50,,995.50\n29/01/2024,BGC,'11-22-33,12345678,EXAMPLE LTD,,1000.00,1000.00\n",
        rows: &["2024-01-30 -4.50 GBP CORNER CAFE", "2024-01-29 1000.00 GBP EXAMPLE LTD"],
    },
    Layout {
        name: "British app bank",
        currency: "",
        text: "Date,Counter Party,Reference,Type,Amount (GBP),Balance (GBP),Spending Category,Notes\n30/01/2024,Corner Cafe,COFFEE,CONTACTLESS,-4.50,995.50,EATING_OUT,\n",
        rows: &["2024-01-30 -4.50 GBP Corner Cafe"],
    },
    Layout {
        name: "American checking with a first column of words",
        currency: "USD",
        text: "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\nDEBIT,01/30/2024,\"CORNER CAFE\",-4.50,DEBIT_CARD,995.50,,\nCREDIT,01/29/2024,\"EXAMPLE INC\",1000.00,ACH_CREDIT,1000.00,,\n",
        rows: &["2024-01-30 -4.50 USD CORNER CAFE", "2024-01-29 1000.00 USD EXAMPLE INC"],
    },
    Layout {
        name: "American bank with balances above the header",
        currency: "USD",
        text: "Description,,Summary Amt.\nBeginning balance as of 01/01/2024,,\"1,000.00\"\nTotal credits,,\"0.00\"\nTotal debits,,\"-4.50\"\nEnding balance as of 01/31/2024,,\"995.50\"\n\nDate,Description,Amount,Running Bal.\n01/01/2024,Beginning balance as of 01/01/2024,,\"1,000.00\"\n01/30/2024,\"CORNER CAFE\",\"-4.50\",\"995.50\"\n",
        rows: &["2024-01-30 -4.50 USD CORNER CAFE"],
    },
    Layout {
        name: "American card, purchases above zero",
        currency: "USD",
        text: "Date,Description,Amount\n01/30/2024,CORNER CAFE,4.50\n01/29/2024,BOOK SHOP,14.50\n01/28/2024,GROCER,24.50\n01/27/2024,CINEMA,34.50\n01/20/2024,AUTOPAY PAYMENT - THANK YOU,-78.00\n",
        rows: &[],
    },
    Layout {
        name: "Brazilian card, purchases above zero",
        currency: "BRL",
        text: "date,title,amount\n2024-01-30,Padaria,4.50\n2024-01-29,Livraria,14.50\n2024-01-28,Pagamento recebido,-19.00\n",
        rows: &[],
    },
    Layout {
        name: "Indian bank",
        currency: "INR",
        text: "Txn Date,Value Date,Description,Ref No./Cheque No.,Debit,Credit,Balance\n30 Jan 2024,30 Jan 2024,CORNER CAFE,1,\"1,04,500.00\",,\"8,95,500.00\"\n31 Jan 2024,31 Jan 2024,EXAMPLE,2,,500.00,\"8,96,000.00\"\n",
        rows: &["2024-01-30 -104500.00 INR CORNER CAFE", "2024-01-31 500.00 INR EXAMPLE"],
    },
    Layout {
        name: "multi-currency app",
        currency: "",
        text: "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\nCARD_PAYMENT,Current,2024-01-29 09:00:00,2024-01-30 10:00:00,Corner Cafe,-4.50,0.00,EUR,COMPLETED,95.50\nATM,Current,2024-01-30 09:00:00,2024-01-31 10:00:00,Cash,-20.00,1.00,EUR,COMPLETED,74.50\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe", "2024-01-31 -21.00 EUR Cash"],
    },
    Layout {
        name: "transfer service with payer and payee",
        currency: "",
        text: "TransferWise ID,Date,Amount,Currency,Description,Payment Reference,Running Balance,Exchange From,Exchange To,Exchange Rate,Payer Name,Payee Name,Payee Account Number,Merchant,Total fees\nCARD-1,30-01-2024,-4.50,EUR,Card transaction,,95.50,,,,,,,Corner Cafe,0.00\n",
        rows: &["2024-01-30 -4.50 EUR Corner Cafe"],
    },
    Layout {
        name: "payment service with gross and net",
        currency: "",
        text: "\"Date\",\"Time\",\"TimeZone\",\"Name\",\"Type\",\"Status\",\"Currency\",\"Gross\",\"Fee\",\"Net\",\"Balance\"\n\"30/01/2024\",\"10:00:00\",\"CET\",\"Shop\",\"Payment\",\"Completed\",\"EUR\",\"10,00\",\"-0,50\",\"9,50\",\"9,50\"\n",
        rows: &[],
    },
    Layout {
        name: "budget program, outflow and inflow",
        currency: "USD",
        text: "\"Account\",\"Flag\",\"Date\",\"Payee\",\"Category Group/Category\",\"Category Group\",\"Category\",\"Memo\",\"Outflow\",\"Inflow\",\"Cleared\"\n\"Checking\",\"\",\"01/30/2024\",\"Corner Cafe\",\"Food: Out\",\"Food\",\"Out\",\"\",$4.50,$0.00,\"Cleared\"\n",
        rows: &["2024-01-30 -4.50 USD Corner Cafe"],
    },
    Layout {
        name: "Australian bank without a header but with a balance",
        currency: "AUD",
        text: "30/01/2024,\"-4.50\",\"CORNER CAFE\",\"+995.50\"\n29/01/2024,\"+950.00\",\"EXAMPLE\",\"+1000.00\"\n28/01/2024,\"+50.00\",\"EXAMPLE\",\"+50.00\"\n",
        rows: &[
            "2024-01-30 -4.50 AUD CORNER CAFE",
            "2024-01-29 950.00 AUD EXAMPLE",
            "2024-01-28 50.00 AUD EXAMPLE",
        ],
    },
    Layout {
        name: "two columns of numbers without a header, too few rows to tell",
        currency: "AUD",
        text: "30/01/2024,\"-4.50\",\"CORNER CAFE\",\"+995.50\"\n29/01/2024,\"+1000.00\",\"EXAMPLE\",\"+1000.00\"\n",
        rows: &[],
    },
    Layout {
        name: "accounts that debit and credit by number",
        currency: "EUR",
        text: "Date,Debit account,Credit account,Amount,Text\n2024-01-30,5000,1200,4.50,Coffee\n",
        rows: &[],
    },
    Layout {
        name: "foreign amounts beside the account's",
        currency: "",
        text: "Date,Description,Original Amount,Original Currency,Exchange Rate,Amount,Currency\n2024-01-30,Diner,-5.00,USD,0.9,-4.50,EUR\n",
        rows: &["2024-01-30 -4.50 EUR Diner"],
    },
];

#[test]
fn layouts_of_many_banks_are_read_or_refused() {
    let mut wrong = Vec::new();
    for layout in LAYOUTS {
        let options = ReadOptions { currency: Currency::iso(layout.currency).ok(), ..ReadOptions::default() };
        match read(layout.text.as_bytes(), &options) {
            Ok(file) => {
                let rows: Vec<String> = file
                    .statements
                    .iter()
                    .flat_map(|statement| &statement.rows)
                    .map(|row| &row.transaction)
                    .map(|t| format!("{} {} {}", t.posted, t.amount, t.payee))
                    .collect();
                if rows != layout.rows {
                    wrong.push(format!("{}: {rows:#?}", layout.name));
                }
            }
            Err(error) if layout.rows.is_empty() && error.kind == StatementErrorKind::Unsure => {}
            Err(error) => wrong.push(format!("{}: {error:?}", layout.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
