"""The words the house uses: plain values, no behaviour beyond their own rules."""
