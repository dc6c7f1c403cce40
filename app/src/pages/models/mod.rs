//! Registered models.

pub mod card;
pub mod deploy;
pub mod differ;
pub mod edit;
pub mod list;
pub mod model;
pub mod promote;
pub mod promotion;
pub mod promotions;
pub mod version;

pub use list::Models;
pub use model::ModelPage;
pub use promotion::PromotionPage;
pub use promotions::Promotions;
pub use version::VersionPage;
