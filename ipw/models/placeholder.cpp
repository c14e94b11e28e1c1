namespace ipw::models {}
