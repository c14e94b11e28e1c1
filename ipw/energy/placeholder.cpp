namespace ipw::energy {}
