//! Which attribute of a profile a contact's property shows and sets.

/// One property of contacts and where its value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The property's name.
    pub property: &'static str,
    /// The attribute it shows first, and the one that writing it sets.
    pub attribute: &'static str,
    /// Where the value is looked for otherwise: an attribute, or a member of one that is an object.
    pub otherwise: &'static [&'static str],
}

const fn map(
    property: &'static str,
    attribute: &'static str,
    otherwise: &'static [&'static str],
) -> Mapped {
    Mapped {
        property,
        attribute,
        otherwise,
    }
}

/// The properties whose attribute has another name, or whose value is looked for elsewhere too,
/// ascending. Every other property shows the attribute of its own name.
const MAP: [Mapped; 20] = [
    map("address", "street", &["address.street", "address"]),
    map("annualrevenue", "annualRevenue", &[]),
    map("city", "city", &["address.city"]),
    map("company", "companyName", &["company.name", "company"]),
    map("company_size", "companySize", &["company.size"]),
    map("country", "country", &["address.country"]),
    map("date_of_birth", "birthday", &["date_of_birth"]),
    map("firstname", "firstName", &["firstname", "first_name"]),
    map("hs_avatar_url", "avatar", &[]),
    map("hs_language", "language", &["locale"]),
    map("hs_timezone", "timezone", &[]),
    map("industry", "industry", &["company.industry"]),
    map("jobtitle", "title", &["jobtitle", "job_title"]),
    map("lastname", "lastName", &["lastname", "last_name"]),
    map("mobilephone", "mobilePhone", &["mobile_phone"]),
    map("numemployees", "employees", &["company.employees"]),
    map("state", "state", &["address.state", "address.region"]),
    map("twitterhandle", "twitter", &["twitterhandle"]),
    map("work_email", "workEmail", &["work_email"]),
    map(
        "zip",
        "postalCode",
        &["zip", "address.postalCode", "address.zip"],
    ),
];

/// Where the value of a property comes from, if not from the attribute of its own name.
#[must_use]
pub fn mapped(property: &str) -> Option<&'static Mapped> {
    let place = MAP.binary_search_by(|known| known.property.cmp(property));
    place.ok().map(|place| &MAP[place])
}

/// The attribute that a property of contacts sets.
#[must_use]
pub fn attribute_of(property: &str) -> &str {
    mapped(property).map_or(property, |mapped| mapped.attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_sorted_so_that_every_property_is_found() {
        for known in &MAP {
            assert_eq!(mapped(known.property), Some(known));
        }
        assert_eq!(attribute_of("firstname"), "firstName");
        assert_eq!(attribute_of("favourite_cheese"), "favourite_cheese");
    }

    #[test]
    fn no_two_properties_set_the_same_attribute() {
        for known in &MAP {
            let same = MAP
                .iter()
                .filter(|other| other.attribute == known.attribute);
            assert_eq!(same.count(), 1, "{}", known.attribute);
        }
    }
}
