namespace ipw::store {}
