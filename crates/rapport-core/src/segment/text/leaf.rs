//! What a leaf keeps, as stored.

use super::Parser;
use crate::segment::error::Error;
use crate::segment::leaf::{Form, LeafSpec, Property};
use crate::segment::window::Window;

impl Parser<'_> {
    pub(super) fn leaf(&mut self) -> Result<LeafSpec, Error> {
        if !self.cursor.take("did")? {
            return Err(self.cursor.expected("`did`"));
        }
        let happening = self.happening()?;
        let filter = match self.cursor.take("where")? {
            true => Some(self.filter()?),
            false => None,
        };
        let mut spec = LeafSpec::of(&happening, filter.as_ref());
        spec.dates = match self.window()? {
            Some(Window::Dates(dates)) => Some(dates),
            _ => None,
        };
        spec.oldest = self.cursor.take("oldest")?;
        if self.cursor.take("keeping")? {
            let mut values = vec![self.kept_property()?];
            while self.cursor.take(",")? {
                values.push(self.kept_property()?);
            }
            spec = spec.keeping(values);
        }
        Ok(spec)
    }

    fn kept_property(&mut self) -> Result<Property, Error> {
        for form in Form::ALL {
            if self.cursor.take(form.word())? {
                let path = self.path()?;
                return Ok(Property { path, form });
            }
        }
        Err(self.cursor.expected("how a property is kept"))
    }
}
