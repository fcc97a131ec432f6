//! The dairy of the story: what it sells, to whom, and what people write to it. All names are
//! invented.

use serde_json::{Value, json};

/// The dairy's name.
pub(super) const NAME: &str = "Larkfield Dairy";

/// Something on the shelf.
pub(super) struct Product {
    /// Stock keeping unit.
    pub(super) sku: &'static str,
    /// What is on the label.
    pub(super) name: &'static str,
    /// The shelf it stands on; one of [`CATEGORIES`].
    pub(super) category: &'static str,
    /// Price in cents.
    pub(super) cents: i64,
}

impl Product {
    /// Its properties in the vocabulary of e-commerce events.
    pub(super) fn properties(&self, quantity: i64) -> Value {
        json!({
            "product_id": self.sku, "sku": self.sku, "name": self.name, "category": self.category,
            "brand": NAME, "price": money(self.cents), "quantity": quantity, "currency": "EUR",
        })
    }
}

/// An amount as events carry it.
pub(super) fn money(cents: i64) -> Value {
    let digits = format!("{}.{:02}", cents / 100, cents % 100);
    digits
        .parse::<serde_json::Number>()
        .map_or(Value::Null, Value::Number)
}

/// The shelves, the most visited first.
pub(super) const CATEGORIES: [&str; 6] =
    ["cheese", "milk", "yoghurt", "butter", "ice cream", "cakes"];

/// Everything on the shelves.
pub(super) const PRODUCTS: [Product; 24] = [
    product("CH-01", "Lark Blue, aged 90 days", "cheese", 1_480),
    product("CH-02", "Moss Meadow Tomme", "cheese", 1_190),
    product("CH-03", "Old Harrow, 24 months", "cheese", 2_260),
    product("CH-04", "Fresh goat's curd with herbs", "cheese", 540),
    product("CH-05", "Washed rind Bellwether", "cheese", 1_320),
    product("CH-06", "Cheese board for six", "cheese", 4_450),
    product("MI-01", "Whole milk, 1 l", "milk", 165),
    product("MI-02", "Hay milk, 1 l", "milk", 195),
    product("MI-03", "Buttermilk, 0.5 l", "milk", 125),
    product("MI-04", "Milk crate, 12 bottles", "milk", 1_890),
    product("YO-01", "Plain yoghurt, 500 g", "yoghurt", 245),
    product("YO-02", "Blackcurrant yoghurt, 4 jars", "yoghurt", 620),
    product("YO-03", "Skyr with vanilla", "yoghurt", 285),
    product("YO-04", "Kefir, 1 l", "yoghurt", 310),
    product("BU-01", "Cultured butter, 250 g", "butter", 385),
    product("BU-02", "Sea salt butter, 250 g", "butter", 415),
    product("BU-03", "Brown butter, jar", "butter", 690),
    product("BU-04", "Baker's block, 2 kg", "butter", 2_150),
    product("IC-01", "Hay flower ice cream", "ice cream", 590),
    product("IC-02", "Salted caramel ice cream", "ice cream", 590),
    product("IC-03", "Sour cherry sorbet", "ice cream", 540),
    product("CA-01", "Baked cheesecake", "cakes", 2_480),
    product("CA-02", "Quark tart, slice", "cakes", 420),
    product("CA-03", "Cream puffs, box of nine", "cakes", 1_350),
];

const fn product(
    sku: &'static str,
    name: &'static str,
    category: &'static str,
    cents: i64,
) -> Product {
    Product {
        sku,
        name,
        category,
        cents,
    }
}

/// Given names.
pub(super) const FIRST: [&str; 32] = [
    "Mira", "Teo", "Ansa", "Jorun", "Pell", "Ilka", "Osk", "Bexa", "Runa", "Levi", "Sanna",
    "Corin", "Dova", "Emrik", "Fenna", "Galo", "Hesper", "Ivo", "Junia", "Kasp", "Lioba", "Maro",
    "Nele", "Orla", "Piet", "Quenna", "Rafe", "Sive", "Tamsin", "Ulla", "Veit", "Wenna",
];

/// Family names.
pub(super) const LAST: [&str; 32] = [
    "Holm",
    "Brandt",
    "Ashdown",
    "Quill",
    "Farrow",
    "Lindqvist",
    "Marlow",
    "Oakes",
    "Pender",
    "Rusk",
    "Sorrel",
    "Thorne",
    "Umber",
    "Vane",
    "Wick",
    "Yarrow",
    "Ziegler",
    "Alder",
    "Birk",
    "Corr",
    "Dray",
    "Elm",
    "Fisk",
    "Grove",
    "Hazel",
    "Imsel",
    "Jade",
    "Kestrel",
    "Lund",
    "Moor",
    "Nettle",
    "Oster",
];

/// Towns around the dairy.
pub(super) const TOWNS: [&str; 6] = [
    "Larkfield",
    "Upper Harrow",
    "Millbrook",
    "Stonebridge",
    "Fernhill",
    "Port Alder",
];

/// Cafés and kitchens that buy for their guests: id, name, industry, employees.
pub(super) const COMPANIES: [(&str, &str, &str, u32); 6] = [
    ("cafe-thistle", "Café Thistle", "coffee", 9),
    ("blue-kettle", "The Blue Kettle", "restaurant", 24),
    ("hearth-bakery", "Hearth Bakery", "bakery", 31),
    ("north-canteen", "North Canteen", "catering", 58),
    ("harbour-hotel", "Harbour Hotel", "hotel", 120),
    ("little-spoon", "Little Spoon Kindergarten", "education", 14),
];

/// What the letters are called that the dairy sends.
pub(super) const LETTERS: [&str; 4] = [
    "What is in season",
    "From the cheese cellar",
    "Your week in milk",
    "New on the shelf",
];

/// Complaints in the chat: topic and words.
pub(super) const COMPLAINTS: [(&str, &str); 5] = [
    (
        "late delivery",
        "My crate came two days late again, and nobody told me.",
    ),
    (
        "spoiled goods",
        "The hay milk had turned when I opened it this morning.",
    ),
    (
        "missing item",
        "The butter is on the bill, but it was not in the box.",
    ),
    (
        "broken jar",
        "One of the yoghurt jars arrived broken. What a mess.",
    ),
    (
        "wrong amount",
        "I was charged twice for the cheese board. Please look at it.",
    ),
];

/// Questions in the chat: topic and words.
pub(super) const QUESTIONS: [(&str, &str); 3] = [
    ("opening hours", "Are you open on Sunday?"),
    ("allergens", "Is there any egg in the quark tart?"),
    ("storage", "How long does the tomme keep once it is cut?"),
];

/// What people write who order by the messenger.
pub(super) const ORDERS: [&str; 3] = [
    "The usual, please, for Friday.",
    "Could you put this into my crate?",
    "Is it fresh today? Then I take it.",
];

/// Comments of people who are content.
pub(super) const PRAISE: [&str; 3] = [
    "Best cheese for miles.",
    "We had the sorbet on Sunday. Gone in a minute.",
    "Can I come and see the cows?",
];
