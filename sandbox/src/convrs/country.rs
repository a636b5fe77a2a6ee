/// Calling codes and their countries; `+1` counts as the United States, `+7` as Russia.
const COUNTRIES: &str = "\
    1US 7RU 20EG 27ZA 30GR 31NL 32BE 33FR 34ES 36HU 39IT 40RO 41CH 43AT 44GB 45DK 46SE 47NO 48PL \
    49DE 51PE 52MX 53CU 54AR 55BR 56CL 57CO 58VE 60MY 61AU 62ID 63PH 64NZ 65SG 66TH 81JP 82KR 84VN \
    86CN 90TR 91IN 92PK 93AF 94LK 95MM 98IR 211SS 212MA 213DZ 216TN 218LY 220GM 221SN 222MR 223ML \
    224GN 225CI 226BF 227NE 228TG 229BJ 230MU 231LR 232SL 233GH 234NG 235TD 236CF 237CM 238CV 239ST \
    240GQ 241GA 242CG 243CD 244AO 245GW 248SC 249SD 250RW 251ET 252SO 253DJ 254KE 255TZ 256UG 257BI \
    258MZ 260ZM 261MG 263ZW 264NA 265MW 266LS 267BW 268SZ 269KM 351PT 352LU 353IE 354IS 355AL 356MT \
    357CY 358FI 359BG 370LT 371LV 372EE 373MD 374AM 375BY 376AD 377MC 380UA 381RS 382ME 383XK 385HR \
    386SI 387BA 389MK 420CZ 421SK 423LI 501BZ 502GT 503SV 504HN 505NI 506CR 507PA 509HT 591BO 592GY \
    593EC 595PY 597SR 598UY 673BN 675PG 676TO 677SB 678VU 679FJ 685WS 691FM 852HK 853MO 855KH 856LA \
    880BD 886TW 960MV 961LB 962JO 963SY 964IQ 965KW 966SA 967YE 968OM 971AE 972IL 973BH 974QA 975BT \
    976MN 977NP 992TJ 993TM 994AZ 995GE 996KG 998UZ";

/// The country of a number, ISO 3166-1 alpha-2; empty for a calling code that is not in the list.
pub(super) fn of(digits: &str) -> &'static str {
    COUNTRIES
        .split_whitespace()
        .filter_map(|entry| entry.split_at_checked(entry.len() - 2))
        .find(|(code, _)| digits.starts_with(code))
        .map_or("", |(_, country)| country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_belongs_to_the_country_of_its_calling_code() {
        assert_eq!(of("44151999999"), "GB");
        assert_eq!(of("40712345678"), "RO");
        assert_eq!(of("420123456789"), "CZ");
        assert_eq!(of("999123456789"), "");
    }

    #[test]
    fn no_calling_code_hides_another() {
        for entry in COUNTRIES.split_whitespace() {
            let (code, country) = entry.split_at(entry.len() - 2);
            assert_eq!(of(&format!("{code}0000")), country, "{code}");
        }
    }
}
