namespace ipw::metrics {}
