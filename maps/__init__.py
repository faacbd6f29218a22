"""What people look at: the console, folium views, the basemap, words in two languages."""
