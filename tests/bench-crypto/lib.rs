//! Nothing: the bench beside this file is all there is.
