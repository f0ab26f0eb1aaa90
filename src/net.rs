//! The ways to the network, behind one seam.
