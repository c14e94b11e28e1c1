namespace ipw::report {}
