namespace ipw::scoring {}
